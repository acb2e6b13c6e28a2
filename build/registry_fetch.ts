/** `fetch` of package registries for builds and tests, which must not fail because a name server was slow once. */

const pausesMs = [1000, 5000, 15_000];

/** The answer; asks again when the registry cannot be reached or is unwell. Throws what `fetch` throws at last. */
export async function registryFetch(url: string | URL, init?: RequestInit): Promise<Response> {
  for (const pause of pausesMs) {
    const response = await fetch(url, init).catch(() => undefined);
    if (response && response.status < 500) return response;
    await response?.body?.cancel();
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  return await fetch(url, init);
}
