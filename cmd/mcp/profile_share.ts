/** `skiff mcp profile push` and `pull`. */
import type { Command } from "../../core/cli/command.ts";
import { profileArtifact, pullArtifact, pushArtifact } from "../../gateway/mcp/catalog/artifact.ts";
import { checkedProfile, profileJson, refuseCommands } from "../../gateway/mcp/profiles/profile.ts";
import { addProfile, readProfile } from "../../gateway/mcp/profiles/profile_store.ts";
import { placeOf } from "./place.ts";
import { profileArgument } from "./profile.ts";

const reference = { name: "REFERENCE", required: true, summary: "Like ghcr.io/team/profile:latest" };

export const profilePushCommand: Command = {
  name: "push",
  summary: "Put a profile into a registry",
  args: [profileArgument, reference],
  async run({ context, args }) {
    const value = await readProfile(args.ID as string, placeOf(context));
    const digest = await pushArtifact(
      args.REFERENCE as string,
      { type: profileArtifact, value: profileJson(value) },
      context.env,
    );
    await context.out(`Pushed profile to ${args.REFERENCE}@${digest}\n`);
  },
};

export const profilePullCommand: Command = {
  name: "pull",
  summary: "Take a profile from a registry",
  description: "Takes a profile from a registry; one of the same id is replaced.",
  args: [reference],
  async run({ context, args }) {
    const value = await pullArtifact(args.REFERENCE as string, profileArtifact, context.env);
    const profile = checkedProfile(value, args.REFERENCE as string);
    refuseCommands(profile);
    await addProfile(profile, placeOf(context), { replace: true });
    await context.out(`Pulled profile ${profile.id}\n`);
  },
};
