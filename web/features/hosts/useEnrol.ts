import { useState } from "react";
import type { CreatedHost } from "../../../protocol/api.ts";
import type { Presence } from "../../../protocol/host.ts";
import { failureSentence } from "../../shared/api/ApiFailure.ts";
import { api } from "../../shared/api/endpoints.ts";
import { useHub } from "../../shared/live/useHub.ts";

export type Enrolment = {
  name: string;
  setName(name: string): void;
  /** Makes the host and its one-time code. */
  create(): void;
  canCreate: boolean;
  failure: string | null;
  created: CreatedHost | null;
  /** Whether the new host has dialled in. */
  presence: Presence;
};

/** Adding a host, step by step. */
export function useEnrol(): Enrolment {
  const [name, setName] = useState("");
  const [created, setCreated] = useState<CreatedHost | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const { hosts } = useHub();
  const canCreate = !busy && name.trim() !== "";

  async function create(): Promise<void> {
    if (!canCreate) return;
    setBusy(true);
    setFailure(null);
    try {
      setCreated(await api.createHost(name.trim()));
    } catch (error) {
      setFailure(failureSentence(error));
    }
    setBusy(false);
  }

  return {
    name,
    setName,
    create: () => void create(),
    canCreate,
    failure,
    created,
    presence: created === null ? "never" : (hosts.get(created.host.id)?.presence ?? "never"),
  };
}
