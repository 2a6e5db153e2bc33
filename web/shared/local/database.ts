/** What the browser answers, as a promise. */
export function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error ?? new Error("The request failed.")));
  });
}

/** Resolves once everything of the transaction is stored; rejects when nothing of it is. */
export function stored(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.addEventListener("complete", () => resolve());
    transaction.addEventListener("abort", () => reject(transaction.error ?? new Error("It was aborted.")));
  });
}

/** Opens a database; `make` makes its stores, `gone` hears that it is closed or wanted by another page. */
export async function openDatabase(
  name: string,
  version: number,
  make: (database: IDBDatabase) => void,
  gone: () => void,
): Promise<IDBDatabase> {
  const request = indexedDB.open(name, version);
  request.addEventListener("upgradeneeded", () => make(request.result));
  const database = await answer(request);
  database.addEventListener("close", gone);
  database.addEventListener("versionchange", () => {
    database.close();
    gone();
  });
  return database;
}
