/** skiff's version; `deno task build` and `deno.json` carry the same one (a test holds it). */
export const version = "0.1.0";
