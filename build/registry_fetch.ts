/** Package registries for builds and tests, which must not fail because a name server was slow now and then. */

const pausesMs = [1000, 5000, 15_000, 30_000];

/** What the work gives; where it fails it is done anew after a pause, four times. Throws what the last one throws. */
export async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (const pause of pausesMs) {
    try {
      return await work();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
  return await work();
}

/** The answer; asks again when the registry cannot be reached or is unwell. Throws when it still is at last. */
export async function registryFetch(url: string | URL, init?: RequestInit): Promise<Response> {
  return await patiently(async () => {
    const response = await fetch(url, init);
    if (response.status < 500) return response;
    await response.body?.cancel();
    throw new Error(`${url} answered ${response.status}`);
  });
}
