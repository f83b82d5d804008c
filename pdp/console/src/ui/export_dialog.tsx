import type { JSX } from 'preact';
import type { Facets } from '../api/schema';
import { apiQuery, type Filter, pinned } from '../lib/filter';
import { formatCount } from '../lib/format';
import { useSigned } from './context';
import { Dialog } from './dialog';
import { Icon } from './icons';

// Every record that the filter shows, also beyond the page, as a file. The time is fixed when the dialog opens, so both files hold the same.
export function ExportDialog({ filter, matching, onClose }: { filter: Filter; matching: Facets | undefined; onClose: () => void }): JSX.Element {
  const { api } = useSigned();
  const query = apiQuery(pinned(filter, new Date()), new Date());
  const count = matching === undefined ? 'the records' : `${matching.complete ? '' : 'more than '}${formatCount(matching.matching)} records`;
  return (
    <Dialog title="Export" onClose={onClose}>
      <div class="dialog-body">
        <h2>Export what is shown</h2>
        <p class="muted">All {count} that match the filter, newest first, on every page. The export itself is recorded in the log.</p>
        <div class="actions">
          <a class="button primary" href={api.exportUrl(query, 'csv')} download="" onClick={() => window.setTimeout(onClose)}><Icon name="download" />CSV</a>
          <a class="button" href={api.exportUrl(query, 'jsonl')} download="" onClick={() => window.setTimeout(onClose)}><Icon name="download" />JSON Lines</a>
        </div>
        <p class="small muted">CSV opens in a spreadsheet, formulas made harmless. JSON Lines are the records' own bytes, as the log hashes them.</p>
        <div class="dialog-foot"><button type="button" class="button" onClick={onClose}>Cancel</button></div>
      </div>
    </Dialog>
  );
}
