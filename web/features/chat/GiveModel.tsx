import { Link } from "wouter";

/** How to give a chat a real model. */
export function GiveModel() {
  return (
    <p className="w-full text-muted">
      For a real one,{" "}
      <Link
        href="/settings"
        className="text-working-text underline underline-offset-2"
        data-testid="give-model"
      >
        add a provider of models
      </Link>{" "}
      in the settings: Anthropic, OpenAI, DeepSeek, or any compatible server, on this machine too. An
      administrator can do that; the environment of Signalbox does as well.
    </p>
  );
}
