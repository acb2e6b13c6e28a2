/** What Podman cannot mount: it writes a mount down as a line of fields that commas part, and reads it again. */
import type { Mount } from "../docker/types/host_config.ts";
import { SkiffError } from "../errors/skiff_error.ts";

/** Throws "unsupported" with the first path that Podman would misread. */
export function checkPodmanMounts(mounts: Mount[]): void {
  for (const path of mounts.flatMap(({ Source, Target }) => [Source ?? "", Target])) {
    if (!/[,"\n\r]/.test(path)) continue;
    throw new SkiffError("unsupported", `Podman cannot mount ${JSON.stringify(path)}`, {
      hint: "Rename the folder so that its path has no comma, quote or line break, or use Docker's Engine.",
    });
  }
}
