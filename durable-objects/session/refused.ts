/** Why a call was refused; the Worker turns it into an HTTP answer. */
export type Refused = {
  refused:
    | "not_found"
    | "ended"
    | "not_ended"
    | "busy"
    | "forbidden"
    | "already_decided"
    | "not_supported"
    | "invalid_input";
  message: string;
};

export const NOT_FOUND: Refused = { refused: "not_found", message: "No such session." };
