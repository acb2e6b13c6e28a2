/** `skiff model ls`. */
import type { Command } from "../../core/cli/command.ts";
import { formatFlag } from "../../core/cli/format_flag.ts";
import { formatTable } from "../../core/cli/table.ts";
import { relativeTime } from "../../core/format/duration.ts";
import type { ModelInfo } from "../../gateway/client/api_client.ts";
import { connectServer } from "./connection.ts";
import { shortId, splitTag } from "./model_reference.ts";
import { displayName } from "../../inference/store/reference.ts";

export const listCommand: Command = {
  name: "list",
  aliases: ["ls"],
  summary: "List the models that are here",
  args: [{ name: "MODEL", summary: "Only this repository, or this tag" }],
  flags: [
    { name: "json", summary: "Print JSON" },
    { name: "openai", summary: "Print the list of the OpenAI API" },
    formatFlag("table", "json"),
    { name: "quiet", short: "q", summary: "Print ids only" },
  ],
  async run({ context, args, flags }) {
    const client = await connectServer(context);
    if (flags.openai) return await context.out(`${JSON.stringify(await client.openAIModels(), null, 2)}\n`);
    const models = filterModels(await client.models(), args.MODEL as string | undefined);
    if (flags.json || flags.format === "json") {
      return await context.out(`${JSON.stringify(models, null, 2)}\n`);
    }
    if (flags.quiet) return await context.out(models.map(({ id }) => `${shortId(id)}\n`).join(""));
    await context.out(formatTable(
      ["Model name", "Parameters", "Quantization", "Architecture", "Model ID", "Created", "Context", "Size"],
      rows(models).map(({ name, model }) => row(name, model)),
    ));
  },
};

/** The models with only the tags that were asked for: an exact tag, or all of a repository. */
function filterModels(models: ModelInfo[], wanted: string | undefined): ModelInfo[] {
  if (!wanted) return models;
  const tagged = wanted.lastIndexOf(":") > wanted.lastIndexOf("/");
  const name = displayName(tagged ? wanted : `${wanted}:latest`);
  const fits = (tag: string) => {
    const shown = displayName(tag);
    return tagged ? shown === name : splitTag(shown).repository === name;
  };
  return models.map((model) => ({ ...model, tags: model.tags.filter(fits) })).filter(({ tags }) =>
    tags.length > 0
  );
}

/** One row a tag, in the order of names whatever their case. */
function rows(models: ModelInfo[]): { name: string; model: ModelInfo }[] {
  const all = models.flatMap((model) =>
    (model.tags.length > 0 ? model.tags : [undefined]).map((tag) => ({
      name: tag === undefined ? "<none>" : displayName(tag),
      model,
    }))
  );
  return all.sort((a, b) => a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1);
}

function row(name: string, { id, created, config }: ModelInfo): string[] {
  const context = config.context_size ? String(config.context_size) : "";
  const since = relativeTime(created * 1000, Date.now());
  return [
    name,
    config.parameters,
    config.quantization,
    config.architecture,
    shortId(id),
    since,
    context,
    config.size,
  ];
}
