/** Somebody in front of a browser who says yes to everything: opens an address and goes where it leads. */

/** The last page. A login ends on the page of the callback. */
export async function browse(address: string): Promise<{ status: number; text: string; url: string }> {
  let url = new URL(address);
  for (let steps = 0; steps < 10; steps++) {
    const response = await fetch(url, { redirect: "manual" });
    const location = response.headers.get("location");
    if (response.status < 300 || response.status > 399 || location === null) {
      return { status: response.status, text: await response.text(), url: url.href };
    }
    await response.body?.cancel();
    url = new URL(location, url);
  }
  throw new Error(`${address} leads in circles`);
}
