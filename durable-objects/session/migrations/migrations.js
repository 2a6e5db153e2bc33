import journal from './meta/_journal.json';
import m0000 from './0000_start.sql';
import m0001 from './0001_chat.sql';
import m0002 from './0002_traces.sql';
import m0003 from './0003_queue.sql';
import m0004 from './0004_span_texts.sql';
import m0005 from './0005_attachments.sql';
import m0006 from './0006_summary.sql';
import m0007 from './0007_approval_expiry.sql';
import m0008 from './0008_fewer_rows.sql';
import m0009 from './0009_trace_in_session.sql';
import m0010 from './0010_job.sql';
import m0011 from './0011_children.sql';

  export default {
    journal,
    migrations: {
      m0000,
m0001,
m0002,
m0003,
m0004,
m0005,
m0006,
m0007,
m0008,
m0009,
m0010,
m0011
    }
  }
  