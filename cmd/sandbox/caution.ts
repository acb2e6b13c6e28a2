/** The documentation's caution for `--mount-docker-socket`, word for word, and what the filter changes of it. */

const documented =
  "Caution: Mounting the Docker socket grants the agent full access to your Docker daemon, which has root-level " +
  "privileges on your system. The agent can start or stop any container, access volumes, and potentially escape " +
  "the sandbox. Only use this option when you fully trust the code the agent is working with.";

const filtered =
  "The agent gets Docker through a filter: it sees and controls only containers that it made itself, can mount only " +
  "this workspace, and cannot make privileged ones. Add --raw-docker-socket for the socket itself.";

export function dockerCaution(kind: "filtered" | "raw"): string {
  return kind === "raw" ? documented : filtered;
}
