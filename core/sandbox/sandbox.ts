/** A sandbox as the Engine lists it. */
import type { ContainerStatus, ContainerSummary } from "../docker/types/container.ts";
import { ownerLabel } from "./network/access.ts";
import { readLabels, type SandboxLabels } from "./labels.ts";

export interface Sandbox extends SandboxLabels {
  /** The container's id, 64 hex digits. */
  id: string;
  /** "created" is half made: a sandbox is started as soon as all is in it. */
  state: ContainerStatus;
  /** "Up 3 minutes" */
  status: string;
  imageId: string;
}

/** Undefined for a container that is none; one that a sandbox made through its Docker socket may pretend to be. */
export function toSandbox(of: ContainerSummary): Sandbox | undefined {
  const known = readLabels(of.Labels);
  if (!known || of.Labels[ownerLabel]) return undefined;
  return { ...known, id: of.Id, state: of.State, status: of.Status, imageId: of.ImageID };
}

export const shortId = (id: string) => id.replace(/^sha256:/, "").slice(0, 12);
