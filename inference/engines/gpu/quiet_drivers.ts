/**
 * Vulkan's loader asks window systems for their sockets and complains on stderr when there is no runtime folder, as
 * for services and in containers. Any folder will do: nothing is drawn.
 */
export function quietDrivers(): void {
  if (Deno.build.os !== "linux" || Deno.env.get("XDG_RUNTIME_DIR")) return;
  Deno.env.set("XDG_RUNTIME_DIR", Deno.env.get("TMPDIR") ?? "/tmp");
}
