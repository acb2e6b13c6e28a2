/** A switch for networks of one's own, apart from what it opens. */

/** Whether the user allows http and the own network. */
export function insecureRemotes(env: { get(name: string): string | undefined }): boolean {
  return ["1", "true"].includes(env.get("DOCKER_MCP_ALLOW_INSECURE_REMOTE_URLS") ?? "");
}
