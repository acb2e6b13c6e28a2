/** A remote file read anywhere by HTTP ranges. */
import type { RandomAccess } from "../archive/random_access.ts";
import {
  bodyPieces,
  defaultRetryDelaysMs,
  expectOk,
  isTransient,
  network,
  pause,
  request,
  type RequestOptions,
  retryText,
} from "./request.ts";

/**
 * What `url` serves as random access, or undefined when the server gives no ranges. Reads go on by
 * themselves after a broken connection.
 */
export async function rangeAccess(
  url: string,
  options: RequestOptions = {},
): Promise<RandomAccess | undefined> {
  const ask = (range: string) => request(url, { ...options, headers: { ...options.headers, range } });
  const first = await expectOk(await ask("bytes=0-0"), url);
  await first.body?.cancel();
  const total = /^bytes 0-0\/(\d+)$/.exec(first.headers.get("content-range") ?? "")?.[1];
  if (first.status !== 206 || total === undefined) return undefined;

  async function* readOnce(from: number, to: number) {
    const response = await expectOk(await ask(`bytes=${from}-${to - 1}`), url);
    if (response.status !== 206) {
      await response.body?.cancel();
      throw network(url, "it stopped serving ranges", false);
    }
    let left = to - from;
    for await (const piece of bodyPieces(response, url, options.signal)) {
      yield piece.subarray(0, left);
      left -= piece.length;
      if (left <= 0) return;
    }
    throw network(url, "it broke off", true);
  }

  return {
    size: Number(total),
    async *read(from, to) {
      const delays = options.retryDelaysMs ?? defaultRetryDelaysMs;
      for (let failures = 0; from < to;) {
        try {
          for await (const piece of readOnce(from, to)) {
            yield piece;
            from += piece.length;
          }
        } catch (error) {
          if (failures >= delays.length || !isTransient(error)) throw error;
          options.onRetry?.(retryText(failures, delays));
          await pause(delays[failures++], options.signal);
        }
      }
    },
  };
}
