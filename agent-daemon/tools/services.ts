import * as z from "zod";

const Argv = z.tuple([z.string().min(1)]).rest(z.string());

/** A service of this machine that chats may look at and restart; each command is an argument vector. */
export const ServiceConfig = z.strictObject({
  status: Argv,
  jobs: Argv.optional(),
  restart: Argv,
  /** Runs status, jobs and restart by `sudo -n`, and ends an old instance by it that is not ours to end. */
  sudo: z.boolean().default(false),
  /** Prints one line per running instance, its process number first (such as `pgrep -f pattern`); run without sudo. */
  instances: Argv.optional(),
});
export type ServiceConfig = z.infer<typeof ServiceConfig>;

/** The services by name, as the model names them. */
export const ServicesConfig = z.record(z.string().regex(/^[\w.@-]{1,100}$/), ServiceConfig);
export type ServicesConfig = z.infer<typeof ServicesConfig>;
