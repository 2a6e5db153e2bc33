/** What a console uses of a WebSocket; Node's own fits. */
export interface ConsoleSocket {
  binaryType: string;
  readonly readyState: number;
  readonly bufferedAmount: number;
  send(data: string | Uint8Array): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: "open", listener: () => void): void;
  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
  addEventListener(type: "close", listener: (event: { code: number; reason: string }) => void): void;
  addEventListener(type: "error", listener: () => void): void;
}

export type ConsoleSocketConstructor = new (
  url: string,
  options: { headers: Record<string, string> },
) => ConsoleSocket;

export const OPEN = 1;
