/** Project pages of Python package indexes: PEP 691 JSON, and PEP 503 HTML of older mirrors. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";

export interface IndexedFile {
  filename: string;
  /** Absolute. */
  url: string;
  /** Hex. */
  sha256?: string;
  /** Bytes. */
  size?: number;
  /** Unix seconds. */
  uploaded?: number;
}

/** The files that a page lists. Throws "corrupt" when it is no project page. */
export function parseProjectPage(text: string, isJson: boolean, pageUrl: string): IndexedFile[] {
  if (!isJson) return parseHtml(text, pageUrl);
  try {
    const { files } = JSON.parse(text) as { files: Record<string, any>[] };
    return files.filter(({ yanked }) => !yanked || yanked === "false").map((file) => ({
      filename: String(file.filename),
      url: new URL(file.url, pageUrl).href,
      sha256: file.hashes?.sha256,
      size: file.size,
      uploaded: file["upload-time"] ? Math.floor(Date.parse(file["upload-time"]) / 1000) : undefined,
    }));
  } catch (error) {
    throw new SkiffError("corrupt", `Cannot read the package index at ${pageUrl}`, { cause: error });
  }
}

/** Anchors: the text is the file's name, the fragment of the address its digest. */
function parseHtml(text: string, pageUrl: string): IndexedFile[] {
  return [...text.matchAll(/<a\s[^>]*href="([^"]+)"[^>]*>([^<]+)<\/a>/gi)].map(([, href, filename]) => {
    const url = new URL(href.replaceAll("&amp;", "&"), pageUrl);
    const sha256 = /sha256=([0-9a-f]{64})/.exec(url.hash)?.[1];
    url.hash = "";
    return { filename: filename.trim(), url: url.href, sha256 };
  });
}
