/** What the presets let through. */
import type { Preset, Rule } from "./policy.ts";

/** Model APIs, package registries, distributions' mirrors, source hosts, container registries. */
const balanced: Rule[] = [
  // Model APIs and the sign-in of their agents
  "api.anthropic.com",
  "claude.ai",
  "console.anthropic.com",
  "platform.claude.com",
  "statsig.anthropic.com",
  "api.openai.com",
  "auth.openai.com",
  "chatgpt.com",
  "generativelanguage.googleapis.com",
  "cloudcode-pa.googleapis.com",
  "oauth2.googleapis.com",
  "accounts.google.com",
  "openrouter.ai",
  "api.groq.com",
  "api.mistral.ai",
  "api.x.ai",
  "api.deepseek.com",
  "opencode.ai",
  "models.dev",
  // npm, PyPI, crates, Go, Ruby, Java, Deno
  "registry.npmjs.org",
  "registry.yarnpkg.com",
  "nodejs.org",
  "pypi.org",
  "files.pythonhosted.org",
  "crates.io",
  "index.crates.io",
  "static.crates.io",
  "static.rust-lang.org",
  "proxy.golang.org",
  "sum.golang.org",
  "go.dev",
  "dl.google.com",
  "rubygems.org",
  "index.rubygems.org",
  "repo.maven.apache.org",
  "repo1.maven.org",
  "jsr.io",
  "npm.jsr.io",
  "deno.land",
  "dl.deno.land",
  // Debian, Ubuntu, Alpine
  "deb.debian.org",
  "security.debian.org",
  "archive.ubuntu.com",
  "*.archive.ubuntu.com",
  "security.ubuntu.com",
  "ports.ubuntu.com",
  "dl-cdn.alpinelinux.org",
  // Source hosts
  "github.com",
  "api.github.com",
  "codeload.github.com",
  "objects.githubusercontent.com",
  "raw.githubusercontent.com",
  "release-assets.githubusercontent.com",
  "github-releases.githubusercontent.com",
  "gitlab.com",
  // Container registries
  "registry-1.docker.io",
  "auth.docker.io",
  "index.docker.io",
  "production.cloudflare.docker.com",
  "ghcr.io",
  "pkg-containers.githubusercontent.com",
  "registry.gitlab.com",
  "quay.io",
  "mcr.microsoft.com",
];

/** The allow rules of a preset. */
export function presetRules(preset: Preset): readonly Rule[] {
  if (preset === "locked") return [];
  return preset === "open" ? ["**:*"] : balanced;
}
