/** A server on the Python SDK in a container: what is not the TypeScript SDK speaks through the gateway, too. */
import { deepEqual, equal, match } from "node:assert/strict";
import { testDocker } from "../../support/docker.ts";
import { enabled, testGateway } from "../../support/mcp/fixture.ts";
import { pythonServerImage } from "../../support/mcp/python_server.ts";
import { realTest } from "../../support/parts.ts";

async function parts() {
  const engine = await testDocker();
  const docker = await engine.open();
  const image = await pythonServerImage(docker);
  docker.close();
  return { engine, image };
}

realTest(
  "a Python server's tools, progress, log, sampling, resources, prompts",
  parts,
  async ({ engine, image }) => {
    const server = enabled({
      name: `python-${crypto.randomUUID().slice(0, 8)}`,
      image,
      disableNetwork: true,
    });
    await using test = testGateway([server], { env: engine.env });
    const logged = Promise.withResolvers<any>();
    const client = await test.connect({
      capabilities: { sampling: {} },
      prepare(client) {
        client.fallbackNotificationHandler = ({ params }) => Promise.resolve(logged.resolve(params));
        client.fallbackRequestHandler = () =>
          Promise.resolve(
            { role: "assistant", model: "m", content: { type: "text", text: "whales" } } as any,
          );
      },
    });
    const { tools } = await client.listTools();
    deepEqual(tools.map(({ name }) => name), ["add", "ask"], test.lines.join("\n"));
    const made: number[] = [];
    const sum = await client.callTool({ name: "add", arguments: { a: 1, b: 2 } }, undefined, {
      onprogress: ({ progress }) => made.push(progress),
    });
    deepEqual(sum.structuredContent, { result: 3 });
    deepEqual(made, [1]);
    equal((await logged.promise).data, "adding");
    const wrong = await client.callTool({ name: "add", arguments: { a: "x" } });
    equal(wrong.isError, true);
    match(JSON.stringify(await client.callTool({ name: "ask", arguments: { question: "?" } })), /whales/);
    match(JSON.stringify(await client.readResource({ uri: "note://whales" })), /a note on whales/);
    match(
      JSON.stringify(await client.getPrompt({ name: "greet", arguments: { name: "Ahab" } })),
      /Greet Ahab/,
    );
  },
);
