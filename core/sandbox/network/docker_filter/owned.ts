/** What on the Engine belongs to a sandbox, asked of the Engine. */
import { inspectContainer, listContainers } from "../../../docker/containers.ts";
import { type Docker, openDocker } from "../../../docker/docker.ts";
import type { ContainerInspect } from "../../../docker/types/container.ts";
import { accessLabel, ownerLabel } from "../access.ts";
import { Refusal } from "./refusal.ts";

/** Containers that a sandbox may have at once. */
export const mostContainers = 32;

export class OwnedThings {
  readonly docker: Docker;
  readonly #id: string;

  private constructor(docker: Docker, id: string) {
    this.docker = docker;
    this.#id = id;
  }

  static async open(socket: string, id: string): Promise<OwnedThings> {
    return new OwnedThings(await openDocker({ host: `unix://${socket}` }), id);
  }

  get label(): Record<string, string> {
    return { [ownerLabel]: this.#id };
  }

  /** "skiff.sandbox.owner=<id>" */
  get filter(): string {
    return `${ownerLabel}=${this.#id}`;
  }

  owns(labels: Record<string, string> | null | undefined): boolean {
    return labels?.[ownerLabel] === this.#id;
  }

  /** The sandbox's own container. Throws `Refusal` when it is gone. */
  async sandboxContainer(): Promise<ContainerInspect> {
    const [found] = await listContainers(this.docker, {
      all: true,
      filters: { label: [`${accessLabel}=${this.#id}`] },
    });
    if (!found) throw new Refusal("the sandbox's container is gone", 503);
    return await inspectContainer(this.docker, found.Id);
  }

  /** A container of the sandbox; a foreign one looks as if it were not there. Throws `Refusal` (404). */
  async container(name: string): Promise<ContainerInspect> {
    const found = await this.#look<ContainerInspect>(`/containers/${name}/json`);
    if (!found || !this.owns(found.Config.Labels)) throw new Refusal(`No such container: ${name}`, 404);
    return found;
  }

  async volume(name: string): Promise<void> {
    const found = await this.#look<{ Labels: Record<string, string> | null }>(`/volumes/${name}`);
    if (!found || !this.owns(found.Labels)) throw new Refusal(`get ${name}: no such volume`, 404);
  }

  async network(name: string): Promise<{ Id: string }> {
    const found = await this.#look<{ Id: string; Labels: Record<string, string> | null }>(
      `/networks/${name}`,
    );
    if (!found || !this.owns(found.Labels)) throw new Refusal(`network ${name} not found`, 404);
    return found;
  }

  async image(name: string): Promise<void> {
    const found = await this.#image(name);
    if (!found || !this.owns(found.Config?.Labels)) {
      throw new Refusal(`the image ${name} was not made by this sandbox`);
    }
  }

  /** A name that is free, or whose image is the sandbox's own: nothing of the host's is replaced. */
  async mayTag(name: string): Promise<void> {
    const found = await this.#image(name);
    if (found && !this.owns(found.Config?.Labels)) {
      throw new Refusal(`the image ${name} is there already and not this sandbox's: it would be replaced`);
    }
  }

  async hasImage(name: string): Promise<boolean> {
    return await this.#image(name) !== undefined;
  }

  async #image(name: string) {
    return await this.#look<{ Config?: { Labels?: Record<string, string> | null } }>(`/images/${name}/json`);
  }

  /** Takes an owned volume as it is and makes one that is not there; a foreign one is refused. */
  async ensureVolume(name: string): Promise<void> {
    const found = await this.#look<{ Labels: Record<string, string> | null }>(`/volumes/${name}`);
    if (found && !this.owns(found.Labels)) throw new Refusal(`the volume "${name}" is not this sandbox's`);
    if (!found) {
      await this.docker.call("POST", "/volumes/create", { body: { Name: name, Labels: this.label } });
    }
  }

  async containerOfExec(exec: string): Promise<ContainerInspect> {
    const found = await this.#look<{ ContainerID: string }>(`/exec/${exec}/json`);
    if (!found) throw new Refusal(`No such exec instance: ${exec}`, 404);
    return await this.container(found.ContainerID);
  }

  async makeRoom(): Promise<void> {
    const found = await listContainers(this.docker, { all: true, filters: { label: [this.filter] } });
    if (found.length >= mostContainers) {
      throw new Refusal(`a sandbox may have ${mostContainers} containers at most`);
    }
  }

  async #look<T>(path: string): Promise<T | undefined> {
    const response = await this.docker.request("GET", path, { allow: [400, 404] });
    const value = await response.json();
    return response.ok ? value : undefined;
  }

  close(): void {
    this.docker.close();
  }
}
