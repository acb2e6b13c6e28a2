/** The user's browser, by the program that each system has for it. */

/** False when there is none, or it does not start; whoever asks has shown the address, too. */
export async function openBrowser(address: string, os: string = Deno.build.os): Promise<boolean> {
  const url = new URL(address);
  if (!["https:", "http:"].includes(url.protocol)) return false;
  const [program, ...args] = browserCommand(url.href, os);
  try {
    const child = new Deno.Command(program, { args, stdin: "null", stdout: "null", stderr: "null" }).spawn();
    child.unref();
    return (await child.status).success;
  } catch {
    return false;
  }
}

/** No shell reads the address: `&` and `%` are part of it. */
export function browserCommand(url: string, os: string): string[] {
  if (os === "darwin") return ["open", url];
  if (os === "windows") return ["rundll32", "url.dll,FileProtocolHandler", url];
  return ["xdg-open", url];
}
