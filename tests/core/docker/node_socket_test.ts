/** What Windows' pipes go through, on the sockets that `node:net` opens under a path elsewhere. */
import { deepStrictEqual as equal, rejects } from "node:assert";
import { connect } from "node:net";
import { NodeSocketConnection } from "../../../core/docker/transport/node_socket.ts";

const open = (path: string) => NodeSocketConnection.open("connect", () => connect({ path }));

Deno.test("a path where nothing is fails as Deno's own sockets do", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/socket`;
  await rejects(() => open(path), Deno.errors.NotFound);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("bytes go both ways, and the end of one direction leaves the other open", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/socket`;
  using listener = Deno.listen({ transport: "unix", path });
  const answering = (async () => {
    const peer = await listener.accept();
    const buffer = new Uint8Array(16);
    let asked = "";
    for (let length = await peer.read(buffer); length !== null; length = await peer.read(buffer)) {
      asked += new TextDecoder().decode(buffer.subarray(0, length));
    }
    await peer.write(new TextEncoder().encode(`${asked}!`)); // the other end is closed for writing
    peer.close();
  })();
  const connection = await open(path);
  await connection.write(new TextEncoder().encode("hello"));
  await connection.closeWrite();
  await answering;
  equal(new TextDecoder().decode((await connection.read())!), "hello!");
  connection.close();
  await Deno.remove(folder, { recursive: true });
});
