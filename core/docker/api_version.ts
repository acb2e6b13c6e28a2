/** Versions of the Engine's API: "1.41" is Engine 20.10, "1.44" 25.0, "1.52" 29.0. */
import { SkiffError } from "../errors/skiff_error.ts";

/** The oldest that has all that skiff asks for (Engine 20.10, December 2020). */
export const oldestApi = "1.41";
/** The newest whose answers skiff knows. A newer Engine is asked in this one. */
export const newestApi = "1.56";

/** Negative when `a` is older than `b`, 0 when equal. */
export function compareApi(a: string, b: string): number {
  const [majorA, minorA] = a.split(".").map(Number);
  const [majorB, minorB] = b.split(".").map(Number);
  return majorA - majorB || minorA - minorB;
}

export interface Negotiation {
  /** What the Engine says is its newest; undefined for Engines so old that they don't tell. */
  engineApi?: string;
  /** DOCKER_API_VERSION. */
  pinned?: string;
  engineVersion: string;
}

/** The version to speak. Throws "unsupported" when the Engine is too old, "usage" for a wrong pin. */
export function negotiateApi({ engineApi, pinned, engineVersion }: Negotiation): string {
  if (pinned !== undefined && !/^\d+\.\d+$/.test(pinned)) {
    throw new SkiffError("usage", `DOCKER_API_VERSION is ${JSON.stringify(pinned)}, which is no version`, {
      hint: `Write it like ${oldestApi}, or unset it.`,
    });
  }
  if (engineApi === undefined || compareApi(engineApi, oldestApi) < 0) {
    const speaks = engineApi === undefined ? "an API of before 1.24" : `API ${engineApi}`;
    throw new SkiffError("unsupported", `Docker Engine ${engineVersion} is too old: it speaks ${speaks}`, {
      hint: `skiff needs API ${oldestApi}: update to Docker Engine 20.10 or newer.`,
    });
  }
  if (pinned === undefined) return compareApi(engineApi, newestApi) < 0 ? engineApi : newestApi;
  if (compareApi(pinned, oldestApi) < 0 || compareApi(pinned, engineApi) > 0) {
    throw new SkiffError(
      "unsupported",
      `DOCKER_API_VERSION is ${pinned}, but Docker Engine ${engineVersion} and skiff share ` +
        `${oldestApi} to ${engineApi}`,
      { hint: "Unset DOCKER_API_VERSION; skiff finds the right version by itself." },
    );
  }
  return pinned;
}
