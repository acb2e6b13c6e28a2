/** mcp-create-profile and mcp-activate-profile: a session's servers kept, and kept ones taken into a session. */
import { editFile, readText } from "../files/edit_file.ts";
import { parseJsonObject, setJson } from "../files/json_text.ts";
import type { OwnTool } from "../gateway/gateway_session.ts";
import {
  checkedProfile,
  isCommand,
  type Profile,
  profileId,
  type ProfileServer,
  profileServer,
  refuseCommands,
  serverName,
} from "../profiles/profile.ts";
import { addProfile, listProfiles, readProfile } from "../profiles/profile_store.ts";
import { enabledServers } from "../profiles/enabled_of_profile.ts";
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { activeServer, type DynamicSession } from "./dynamic_session.ts";
import { errorAnswer, requiredText, textAnswer } from "./tool_answer.ts";

/** The client whose project may have profiles of its own. */
const projectClient = "claude-code";

/** The project's file: profiles by name. */
function projectFile({ place }: DynamicSession): string {
  return `${place.cwd}/profiles.json`;
}

export function mcpCreateProfile(dynamic: DynamicSession): OwnTool {
  return {
    definition: {
      name: "mcp-create-profile",
      description:
        "Keep the servers of this session, with their configuration and tools, as a profile. A profile of this name " +
        "is replaced.",
      inputSchema: {
        type: "object",
        properties: { name: { type: "string", description: "Name of the profile" } },
        required: ["name"],
      },
      annotations: { title: "Create profile" },
    },
    async call(args) {
      const name = requiredText(args, "name");
      const id = idOf(name);
      if (id === undefined) {
        return errorAnswer(
          `'${name}' cannot be the name of a profile: it needs letters or digits from a to z.`,
        );
      }
      const profile = profileOf(dynamic, { name, id });
      if (profile.servers.length === 0) {
        return errorAnswer(
          "This session has no servers, so there is nothing to keep. Add servers with mcp-add.",
        );
      }
      const { session, place } = dynamic;
      const known = (await listProfiles(place)).some((one) => profileId(one.profile.id) === profile.id);
      await addProfile(profile, place, { replace: true });
      if (session.client.name === projectClient) await keepInProject(dynamic, profile);
      const done = known ? "updated" : "created";
      const lines = profile.servers.map((server, i) => `${i + 1}. ${described(server)}`);
      return textAnswer(
        `Successfully ${done} profile '${name}' (ID: ${profile.id}) with ${lines.length} servers:\n\n` +
          lines.join("\n"),
      );
    },
  };
}

/** Without commands of this machine: the file is the project's, and nobody takes such from it. */
async function keepInProject(dynamic: DynamicSession, profile: Profile): Promise<void> {
  const path = projectFile(dynamic);
  const shared = { ...profile, servers: profile.servers.filter((server) => !isCommand(server)) };
  await editFile(path, (text = "{}") => setJson(text, [profile.name], shared, path), {
    env: dynamic.place.env,
  });
}

function described(server: ProfileServer): string {
  const { image, endpoint, tools, config } = server;
  return [
    serverName(server),
    ...(image ? [` (image: ${image})`] : endpoint ? [` (endpoint: ${endpoint})`] : []),
    ...(tools?.length ? [` - ${tools.length} tools`] : []),
    ...(config ? [" - configured"] : []),
  ].join("");
}

/** Undefined where a name gives none. */
function idOf(name: string): string | undefined {
  try {
    return profileId(name);
  } catch {
    return undefined;
  }
}

function profileOf({ session }: DynamicSession, { name, id }: { name: string; id: string }): Profile {
  const servers = session.servers().map(({ entry, config, tools }) => ({
    ...profileServer(entry, config),
    ...(tools ? { tools } : {}),
  }));
  const secrets = { default: { provider: "docker-desktop-store" } };
  return { version: 1, id, name, secrets, servers };
}

export function mcpActivateProfile(dynamic: DynamicSession): OwnTool {
  return {
    definition: {
      name: "mcp-activate-profile",
      description: "Add the servers of a profile to this session.",
      inputSchema: {
        type: "object",
        properties: { name: { type: "string", description: "Name of the profile" } },
        required: ["name"],
      },
      annotations: { title: "Activate profile" },
    },
    async call(args, { signal }) {
      const name = requiredText(args, "name");
      try {
        return await activated(dynamic, await findProfile(dynamic, name), signal);
      } catch (error) {
        if (error instanceof SkiffError) return errorAnswer(error.message);
        throw error;
      }
    },
  };
}

/**
 * The project's profile of the name, else the user's. One of the project that starts a command of this machine is
 * not taken: whoever can write to the folder wrote it.
 */
async function findProfile(dynamic: DynamicSession, name: string): Promise<Profile> {
  const own = (await projectProfiles(dynamic)).get(name);
  if (!own) return await readProfile(profileId(name), dynamic.place);
  if (!own.servers.some(isCommand)) return own;
  const kept = (await listProfiles(dynamic.place)).find(({ profile }) =>
    profileId(profile.id) === profileId(name)
  );
  if (!kept) refuseCommands(own);
  return kept!.profile;
}

async function projectProfiles(dynamic: DynamicSession): Promise<Map<string, Profile>> {
  const path = projectFile(dynamic);
  const text = await readText(path);
  const found = text === undefined ? {} : parseJsonObject(text, path);
  return new Map(
    Object.entries(found).map(([name, value]) => {
      const profile = { id: profileId(name), name, ...(value as Record<string, unknown>) };
      return [name, checkedProfile(profile, path)];
    }),
  );
}

/** Adds what the session does not have yet. One server that does not start keeps no other from it. */
async function activated(dynamic: DynamicSession, profile: Profile, signal: AbortSignal) {
  const { catalogs, secrets } = dynamic.configuration();
  const failures: string[] = [];
  const servers = await enabledServers(profile, { catalogs, secrets, warnings: failures });
  const wanted = servers.filter(({ entry }) => !activeServer(dynamic, entry.name));
  const added: string[] = [];
  await Promise.all(wanted.map(async (server) => {
    const { name } = server.entry;
    try {
      const refused = await dynamic.refusal?.(server.entry);
      if (refused !== undefined) throw new Error(`it is not allowed: ${refused}`);
      await dynamic.session.addServer(server, { signal });
      added.push(name);
    } catch (error) {
      signal.throwIfAborted();
      failures.push(`${name}: ${(error as Error).message}`);
    }
  }));
  const skipped = servers.length - wanted.length;
  const parts = [
    `Successfully activated profile '${profile.id}'. Added servers: ${added.sort().join(", ") || "none"}.`,
    ...(skipped > 0 ? [`Already active: ${skipped}.`] : []),
    ...(failures.length > 0 ? [`Not added: ${failures.sort().join("; ")}.`] : []),
  ];
  if (failures.length > 0 && added.length === 0 && skipped === 0) {
    return errorAnswer(`Profile '${profile.id}' was not activated. ${failures.join("; ")}`);
  }
  return textAnswer(parts.join(" "));
}

/** Claude Code's project profiles are active from the start. */
export async function activateProjectProfiles(dynamic: DynamicSession): Promise<void> {
  const { session, log } = dynamic;
  if (session.client.name !== projectClient) return;
  try {
    for (const profile of (await projectProfiles(dynamic)).values()) {
      if (profile.servers.some(isCommand)) {
        log(`! The profile '${profile.id}' of this project is not used: it runs a command of this machine`);
        continue;
      }
      const { content: [first] } = await activated(dynamic, profile, session.signal);
      if (first?.type === "text") log(`> ${first.text}`);
    }
  } catch (error) {
    if (!session.signal.aborted) log(`! Profiles of this project are not used: ${(error as Error).message}`);
  }
}
