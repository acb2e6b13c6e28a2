/** The reference MCP servers of npm in an image of their own, made by committing a container; kept in the Engine. */
import { putArchive } from "../../../core/docker/archives.ts";
import { commitContainer, createContainer, removeContainer } from "../../../core/docker/containers.ts";
import type { Docker } from "../../../core/docker/docker.ts";
import { inspectImage } from "../../../core/docker/images.ts";
import { commandOutput } from "../command.ts";
import { debianBase } from "../docker_images.ts";
import { withLock } from "../lock.ts";
import { npmInstall } from "../npm_packages.ts";
import { part } from "../parts.ts";

const packages = [
  "node@22.23.3",
  "@modelcontextprotocol/server-everything@2026.8.31",
  "@modelcontextprotocol/server-filesystem@2026.8.31",
  "@modelcontextprotocol/server-memory@2026.8.31",
];

export type ReferenceServer = "everything" | "filesystem" | "memory";

/** "skiff-test/mcp-servers:1": node, and the servers below /app/node_modules/@modelcontextprotocol. */
export async function referenceServersImage(docker: Docker): Promise<string> {
  const image = "skiff-test/mcp-servers:1";
  if (await inspectImage(docker, image)) return image;
  await withLock("image-mcp-servers", async () => {
    if (!await inspectImage(docker, image)) await make(docker);
  });
  return image;
}

/** Program and arguments of a server in that image. */
export function referenceServer(name: ReferenceServer): string[] {
  return [
    "/app/node_modules/node/bin/node",
    `/app/node_modules/@modelcontextprotocol/server-${name}/dist/index.js`,
  ];
}

/** Program and arguments of a server on this machine. */
export async function referenceProgram(name: ReferenceServer, ...args: string[]): Promise<string[]> {
  const folder = await part("mcp/reference-servers", async (target) => {
    await Deno.mkdir(target);
    await commandOutput("tar", ["-C", target, "-xf", await packed()]);
  });
  const [node, program] = referenceServer(name).map((path) => `${folder}${path}`);
  return [node, program, ...args];
}

function packed(): Promise<string> {
  return part("mcp/reference-servers.tar", async (target) => {
    const folder = await Deno.makeTempDir({ prefix: "skiff-npm-" });
    try {
      await npmInstall(`${folder}/app`, packages);
      await commandOutput("tar", ["-C", folder, "--numeric-owner", "-cf", target, "app"]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

async function make(docker: Docker): Promise<void> {
  const archive = await packed();
  const { Id: id } = await createContainer(docker, { Image: await debianBase(docker), Cmd: ["true"] });
  try {
    using file = await Deno.open(archive);
    await putArchive(docker, id, { path: "/", archive: file.readable });
    await commitContainer(docker, id, { repo: "skiff-test/mcp-servers", tag: "1" });
  } finally {
    await removeContainer(docker, id, { force: true });
  }
}
