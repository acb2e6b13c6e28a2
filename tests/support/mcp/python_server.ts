/** A server on the Python SDK (`mcp` of PyPI) in an image of its own: Debian's Python, the package, a program. */
import type { Docker } from "../../../core/docker/docker.ts";
import { importImage, inspectImage } from "../../../core/docker/images.ts";
import { debianPackages } from "../apt.ts";
import { debianTree } from "../debian_tree.ts";
import { withLock } from "../lock.ts";
import { part } from "../parts.ts";
import { pipInstall } from "../pip_install.ts";

export const sdk = "mcp==1.27.0";
const repo = "skiff-test/mcp-python";

const program = `
from mcp.server.fastmcp import Context, FastMCP

server = FastMCP("python")

@server.tool()
async def add(a: int, b: int, context: Context) -> int:
    """Adds two numbers, and tells how far it is"""
    await context.report_progress(1, 2)
    await context.info("adding")
    return a + b

@server.tool()
async def ask(question: str, context: Context) -> str:
    """Asks the client's model"""
    from mcp.types import SamplingMessage, TextContent
    message = SamplingMessage(role="user", content=TextContent(type="text", text=question))
    answer = await context.session.create_message([message], max_tokens=10)
    return answer.content.text

@server.resource("note://{name}")
def note(name: str) -> str:
    """A note"""
    return f"a note on {name}"

@server.prompt()
def greet(name: str) -> str:
    """Greets"""
    return f"Greet {name}"

server.run()
`;

/** "skiff-test/mcp-python:1"; its command is the server. */
export async function pythonServerImage(docker: Docker): Promise<string> {
  const image = `${repo}:1`;
  if (await inspectImage(docker, image)) return image;
  await withLock("image-mcp-python", async () => {
    if (await inspectImage(docker, image)) return;
    using file = await Deno.open(await packed());
    const changes = ["ENV PYTHONPATH=/app PATH=/usr/bin:/bin", 'CMD ["python3", "/app/server.py"]'];
    await importImage(docker, file.readable, { repo, tag: "1", changes });
  });
  return image;
}

/** The files of the image, made once. */
function packed(): Promise<string> {
  return part(`mcp/python-${sdk.replace("==", "-")}.tar`, async (target) => {
    await debianPackages("python3");
    await debianTree(target, ["python3"], async (root) => {
      await install(`${root}/app`);
      await Deno.writeTextFile(`${root}/app/server.py`, program);
    });
  });
}

/** For bookworm's Python 3.11, whichever the machine's own is. */
async function install(folder: string): Promise<void> {
  const platform = Deno.build.arch === "aarch64" ? "manylinux2014_aarch64" : "manylinux2014_x86_64";
  await pipInstall(folder, sdk, [
    ...["--python-version", "3.11", "--implementation", "cp", "--platform", platform],
  ]);
}
