export { alarms } from "../shared/tables.ts";
