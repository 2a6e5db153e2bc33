/** Names of objects; each carries the team, so that one deployment can hold many. */
export function sessionName(team: string, session: string): string {
  return `${team}/${session}`;
}

export function hostName(team: string, host: string): string {
  return `${team}/${host}`;
}

export function hubName(team: string): string {
  return team;
}

export function clockName(team: string): string {
  return team;
}

/** The folder of a session's blobs of one kind. */
export function blobFolder(kind: "attachments", team: string, session: string): string {
  return `${kind}/${team}/${session}`;
}

/** Where the text of a job is that is too long to be told. */
export function jobTextKey(team: string, session: string, round: number): string {
  return `jobs/${team}/${session}.${round}`;
}
