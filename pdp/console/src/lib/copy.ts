import { toast } from '../ui/toast';

// Puts an address on the clipboard, or says it where the browser lets nobody do that.
export async function copyLink(path: string): Promise<void> {
  const address = new URL(path, window.location.origin).href;
  try {
    await navigator.clipboard.writeText(address);
    toast('The link is on the clipboard.');
  } catch {
    toast(`The link: ${address}`);
  }
}
