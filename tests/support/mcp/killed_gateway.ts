/** A gateway with a server that does not end with its stdin; says when its container runs. For being killed. */
import { enabled, testGateway } from "./fixture.ts";
import { openDocker } from "../../../core/docker/docker.ts";
import { listContainers } from "../../../core/docker/containers.ts";
import { events } from "../../../core/docker/events.ts";

const [name, image] = Deno.args;
const docker = await openDocker();
const since = Math.floor(Date.now() / 1000);
const test = testGateway([enabled({ name, image, command: ["sleep", "600"] })]);
const client = await test.connect();
client.listTools().catch(() => {});
const label = [`docker-mcp-name=${name}`];
for await (const _ of events(docker, { since, filters: { type: ["container"], event: ["start"], label } })) {
  if ((await listContainers(docker, { filters: { label } })).length > 0) break;
}
console.log("runs");
