import { render } from 'preact';
import { App } from './app';
import { applyTheme, storedTheme } from './lib/theme';

applyTheme(storedTheme());
const place = document.getElementById('console');
if (place !== null) render(<App />, place);
