/** The images of servers: there, or pulled, each once at a time. */
import type { Docker } from "../../../core/docker/docker.ts";
import { inspectImage, pullImage } from "../../../core/docker/images.ts";
import { SharedWork } from "./shared_work.ts";

/** Throws when a signature is missing or wrong. `repoDigests`: the Engine's, for images that are named without digest. */
export type VerifyImage = (image: string, signal: AbortSignal, repoDigests?: string[]) => Promise<void>;

export class ServerImages {
  readonly #pending = new Map<string, SharedWork<void>>();
  readonly #verify?: VerifyImage;

  constructor(verify?: VerifyImage) {
    this.#verify = verify;
  }

  /**
   * Resolves when the Engine has the image and its signature is right. Asked at each start: a name may stand for
   * another image by then. Several ask at once for what is done once; it ends when all of them have given up.
   */
  async ready(
    docker: Docker,
    image: string,
    log: (line: string) => void,
    signal: AbortSignal,
  ): Promise<void> {
    let pending = this.#pending.get(image);
    if (!pending || pending.isGivenUp) {
      const work = new SharedWork((signal) => this.#make(docker, image, log, signal));
      const forget = () => this.#pending.get(image) === work && this.#pending.delete(image);
      work.done.then(forget, forget);
      this.#pending.set(image, pending = work);
    }
    await pending.wait(signal);
  }

  async #make(
    docker: Docker,
    image: string,
    log: (line: string) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const isPinned = image.includes("@");
    if (isPinned) await this.#verify?.(image, signal);
    let found = await inspectImage(docker, image, { signal });
    if (!found) {
      log(`pulling ${image}`);
      for await (const _ of pullImage(docker, image, { signal }));
      found = await inspectImage(docker, image, { signal });
    }
    if (isPinned || !this.#verify) return;
    // Only the Engine knows which image a name without digest stands for.
    await this.#verify(image, signal, found?.RepoDigests ?? []);
  }
}
