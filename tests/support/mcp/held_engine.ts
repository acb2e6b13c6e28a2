/** An Engine's socket whose answers to one kind of request come when the test says so. */

export interface HeldEngine extends Disposable {
  host: string;
  /** Resolves when such a request has been handed to the Engine. */
  asked: Promise<void>;
  /** Lets the answers through, these and later ones. */
  release(): void;
}

/** `host`: "unix://…", the Engine itself; `request`: what the request line holds. */
export function heldEngine(host: string, request: string): HeldEngine {
  const path = Deno.makeTempFileSync({ prefix: "skheld-" });
  Deno.removeSync(path);
  const listener = Deno.listen({ transport: "unix", path });
  const [asked, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const serve = async (client: Deno.UnixConn) => {
    const engine = await Deno.connect({ transport: "unix", path: host.replace("unix://", "") });
    let held = Promise.resolve();
    const upwards = client.readable.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform(bytes, to) {
          to.enqueue(bytes);
          if (!new TextDecoder().decode(bytes.subarray(0, 200)).includes(request)) return;
          held = released.promise;
          asked.resolve();
        },
      }),
    ).pipeTo(engine.writable);
    const downwards = engine.readable.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        async transform(bytes, to) {
          await held;
          to.enqueue(bytes);
        },
      }),
    ).pipeTo(client.writable);
    await Promise.allSettled([upwards, downwards]);
  };
  (async () => {
    for await (const client of listener) serve(client).catch(() => {});
  })().catch(() => {});
  return {
    host: `unix://${path}`,
    asked: asked.promise,
    release: released.resolve,
    [Symbol.dispose]() {
      listener.close();
      Deno.removeSync(path);
    },
  };
}
