/** The images of servers: there, or pulled, each once at a time. */
import type { Docker } from "../../../core/docker/docker.ts";
import { inspectImage, pullImage } from "../../../core/docker/images.ts";

/** Throws when a signature is missing or wrong. `repoDigests`: the Engine's, for images that are named without digest. */
export type VerifyImage = (image: string, signal: AbortSignal, repoDigests?: string[]) => Promise<void>;

export class ServerImages {
  readonly #ready = new Map<string, Promise<void>>();
  readonly #verify?: VerifyImage;

  constructor(verify?: VerifyImage) {
    this.#verify = verify;
  }

  /** Resolves when the Engine has the image and its signature is right. Failures are not kept. */
  async ready(
    docker: Docker,
    image: string,
    log: (line: string) => void,
    signal: AbortSignal,
  ): Promise<void> {
    let ready = this.#ready.get(image);
    if (!ready) {
      ready = this.#make(docker, image, log, signal);
      this.#ready.set(image, ready);
      ready.catch(() => this.#ready.delete(image));
    }
    await ready;
  }

  async #make(
    docker: Docker,
    image: string,
    log: (line: string) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const isPinned = image.includes("@");
    if (isPinned) await this.#verify?.(image, signal);
    if (!await inspectImage(docker, image, { signal })) {
      log(`pulling ${image}`);
      for await (const _ of pullImage(docker, image, { signal }));
    }
    if (isPinned || !this.#verify) return;
    // Only the Engine knows which image a name without digest stands for.
    const found = await inspectImage(docker, image, { signal });
    await this.#verify(image, signal, found?.RepoDigests ?? []);
  }
}
