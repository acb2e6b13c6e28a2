/** The images of servers: there, or pulled, each once at a time. */
import type { Docker } from "../../../core/docker/docker.ts";
import { inspectImage, pullImage } from "../../../core/docker/images.ts";
import { SharedWork } from "./shared_work.ts";

/**
 * Gives the name that stands for what was verified, and for nothing else. Throws when a signature is missing or wrong.
 * `repoDigests`: the Engine's, for images that are named without digest.
 */
export type VerifyImage = (image: string, signal: AbortSignal, repoDigests?: string[]) => Promise<string>;

export class ServerImages {
  readonly #pending = new Map<string, SharedWork<string>>();
  readonly #verify?: VerifyImage;

  constructor(verify?: VerifyImage) {
    this.#verify = verify;
  }

  /**
   * Resolves when the Engine has the image and its signature is right, to the name that containers are made of: the
   * name that was asked for may stand for another image a moment later. Asked at each start. Several ask at once for
   * what is done once; it ends when all of them have given up.
   */
  async ready(
    docker: Docker,
    image: string,
    log: (line: string) => void,
    signal: AbortSignal,
  ): Promise<string> {
    let pending = this.#pending.get(image);
    if (!pending || pending.isGivenUp) {
      const work = new SharedWork((signal) => this.#make(docker, image, log, signal));
      const forget = () => this.#pending.get(image) === work && this.#pending.delete(image);
      work.done.then(forget, forget);
      this.#pending.set(image, pending = work);
    }
    return await pending.wait(signal);
  }

  async #make(
    docker: Docker,
    image: string,
    log: (line: string) => void,
    signal: AbortSignal,
  ): Promise<string> {
    const isPinned = image.includes("@");
    if (isPinned) await this.#verify?.(image, signal);
    let found = await inspectImage(docker, image, { signal });
    if (!found) {
      log(`pulling ${image}`);
      for await (const _ of pullImage(docker, image, { signal }));
      found = await inspectImage(docker, image, { signal });
    }
    if (isPinned || !this.#verify) return image;
    // Only the Engine knows which image a name without digest stands for.
    return await this.#verify(image, signal, found?.RepoDigests ?? []);
  }
}
