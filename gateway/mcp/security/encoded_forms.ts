/** How a text is written where programs encode it: in URLs, JSON, HTML, headers and dumps. */

/** The text itself and its other forms, each once. */
export function encodedForms(text: string): string[] {
  const bytes = new TextEncoder().encode(text);
  const url = encodeURIComponent(text);
  const json = JSON.stringify(text).slice(1, -1);
  const hex = bytes.toHex();
  const base64 = [0, 1, 2].map((before) => base64Within(bytes, before));
  return [
    ...new Set([
      text,
      url,
      url.replace(/%../g, (escape) => escape.toLowerCase()),
      new URLSearchParams([["", text]]).toString().slice(1),
      json,
      JSON.stringify(json).slice(1, -1), // a tool's answer often is JSON that holds the JSON of an API
      json.replace(/[^ -~]/g, unicodeEscape),
      text.replace(/[&<>"']/g, (character) => htmlEntities[character]),
      hex,
      hex.toUpperCase(),
      ...base64,
      ...base64.map((form) => form.replaceAll("+", "-").replaceAll("/", "_")),
    ]),
  ];
}

const htmlEntities: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function unicodeEscape(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/**
 * What of the base64 of a longer text (`Basic` of user and password) is there because of these bytes alone, when
 * `before` bytes of a group of three stand before them.
 */
function base64Within(bytes: Uint8Array, before: number): string {
  const shifted = new Uint8Array(before + bytes.length);
  shifted.set(bytes, before);
  return shifted.toBase64().slice(Math.ceil(before * 4 / 3), Math.floor(shifted.length * 4 / 3));
}
