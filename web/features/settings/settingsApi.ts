import { ModelSettings, ModelTest, type PutModelProvider } from "../../../protocol/modelSettings.ts";
import { request } from "../../shared/api/request.ts";

const BASE = "/settings/models";
const provider = (id: string): string => `${BASE}/providers/${encodeURIComponent(id)}`;

/** The settings of models, one function per use. Every change answers with all of them. */
export const settingsApi = {
  read: () => request(BASE, ModelSettings),
  setProvider: (id: string, body: PutModelProvider) =>
    request(provider(id), ModelSettings, { method: "PUT", body }),
  removeProvider: (id: string) => request(provider(id), ModelSettings, { method: "DELETE" }),
  test: (id: string) => request(`${provider(id)}/test`, ModelTest, { method: "POST", body: {} }),
  setDefault: (model: string | null) =>
    request(`${BASE}/default`, ModelSettings, { method: "PUT", body: { model } }),
};
