/** The Python SDK (`mcp` of PyPI) as a client: a program that does what a client does and tells it as JSON. */
import { commandOutput } from "../command.ts";
import { part } from "../parts.ts";
import { pipInstall } from "../pip_install.ts";
import { sdk } from "./python_server.ts";

const program = `
import asyncio, datetime, json, os, sys
from contextlib import asynccontextmanager
from mcp import ClientSession, StdioServerParameters, types
from mcp.client.sse import sse_client
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client, create_mcp_http_client

transport, *target = sys.argv[1:]
headers = {"Authorization": "Bearer " + os.environ.get("GATEWAY_TOKEN", "")}
told, heard = {"notifications": [], "asked": []}, asyncio.Event()

@asynccontextmanager
async def streams():
    if transport == "stdio":
        server = StdioServerParameters(command=target[0], args=target[1:], env=dict(os.environ))
        async with stdio_client(server, errlog=open(os.devnull, "w")) as (read, write):
            yield read, write
    elif transport == "sse":
        async with sse_client(target[0], headers=headers) as (read, write):
            yield read, write
    else:
        async with create_mcp_http_client(headers=headers) as http:
            async with streamable_http_client(target[0], http_client=http) as (read, write, _):
                yield read, write

async def sampled(context, params):
    told["asked"].append("sampling")
    return types.CreateMessageResult(
        role="assistant", model="m", content=types.TextContent(type="text", text="whales"))

async def elicited(context, params):
    told["asked"].append("elicitation")
    return types.ElicitResult(action="accept", content={"username": "ahab", "email": "a@b"})

async def rooted(context):
    told["asked"].append("roots")
    return types.ListRootsResult(roots=[types.Root(uri="file:///pequod")])

async def received(message):
    if isinstance(message, types.ServerNotification):
        told["notifications"].append(message.root.method)
        heard.set()

async def hears(method):
    while method not in told["notifications"]:
        await heard.wait()
        heard.clear()

def text(result):
    return result.content[0].text

async def main():
    async with streams() as (read, write):
        async with ClientSession(
            read, write, sampling_callback=sampled, elicitation_callback=elicited,
            list_roots_callback=rooted, message_handler=received,
        ) as session:
            async def call(name, args={}, **more):
                return await session.call_tool(name, args, **more)
            begun = await session.initialize()
            told["server"], told["version"] = begun.serverInfo.name, begun.protocolVersion
            told["tools"] = [tool.name for tool in (await session.list_tools()).tools]
            told["echo"] = (await call("test_echo", {"deep": [1, {"a": None}]})).structuredContent
            made = []
            async def progressed(progress, total, message):
                made.append(progress)
            await call("test_tool_with_progress", progress_callback=progressed)
            told["progress"] = made
            told["sampling"] = text(await call("test_sampling", {"prompt": "who?"}))
            told["elicitation"] = text(await call("test_elicitation", {"message": "?"}))
            told["roots"] = text(await call("test_roots"))
            told["failed"] = (await call("test_error_handling")).isError
            await session.set_logging_level("info")
            await call("test_tool_with_logging")
            await hears("notifications/message")
            uri = "test://watched-resource"
            await session.subscribe_resource(uri)
            await call("test_update_resource", {"uri": uri})
            await hears("notifications/resources/updated")
            await session.unsubscribe_resource(uri)
            told["unsubscribed"] = text(await call("test_update_resource", {"uri": uri}))
            told["resource"] = (await session.read_resource("test://template/7/data")).contents[0].text
            told["prompts"] = [prompt.name for prompt in (await session.list_prompts()).prompts]
            prompt = await session.get_prompt("test_prompt_with_arguments", {"arg1": "a", "arg2": "b"})
            told["prompt"] = prompt.messages[0].content.text
            completed = await session.complete(
                types.PromptReference(type="ref/prompt", name="test_prompt_with_arguments"),
                {"name": "arg1", "value": "par"})
            told["completion"] = completed.completion.values
            await call("test_add_tool", {"name": "added_later"})
            # The list may have changed before: a gateway that knew another day's list has told of today's.
            while "added_later" not in [tool.name for tool in (await session.list_tools()).tools]:
                await hears("notifications/tools/list_changed")
                told["notifications"].remove("notifications/tools/list_changed")
            told["added"] = text(await call("added_later"))
            try:
                await session.call_tool("test_endless", {}, read_timeout_seconds=datetime.timedelta(milliseconds=300))
            except Exception as error:
                told["late"] = str(error)
            told["parallel"] = [
                one.structuredContent["i"]
                for one in await asyncio.gather(*[call("test_echo", {"i": i}) for i in range(20)])]
            try:
                await session.read_resource("nobody://has-this")
            except Exception as error:
                told["missing"] = str(error)
    print(json.dumps(told))

asyncio.run(main())
`;

/** What the program tells of one run; fields are named after what was done. */
export type PythonTold = Record<string, any> & { notifications: string[]; asked: string[] };

/**
 * Runs it. `target`: a command line for "stdio", a URL for "sse" and "http". Gives what it has told; throws
 * with its stderr when it fails. Installed for the machine's own Python, once.
 */
export async function pythonClient(): Promise<
  (transport: "stdio" | "sse" | "http", target: string[], env?: Record<string, string>) => Promise<PythonTold>
> {
  const version = await commandOutput("python3", ["-c", "import sys; print(*sys.version_info[:2], sep='.')"])
    .catch(() => ""); // it comes with pip then
  const folder = await part(
    `mcp/python-client-${sdk.replace("==", "-")}-${version.trim()}`,
    (target) => pipInstall(target, sdk),
  );
  return async (transport, target, env = {}) => {
    const { code, stdout, stderr } = await new Deno.Command("python3", {
      args: ["-c", program, transport, ...target],
      env: { PATH: Deno.env.get("PATH")!, PYTHONPATH: folder, ...env },
      clearEnv: true,
      stdin: "null",
    }).output();
    const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    if (code !== 0) throw new Error(`the Python client failed:\n${err}`);
    return JSON.parse(out);
  };
}
