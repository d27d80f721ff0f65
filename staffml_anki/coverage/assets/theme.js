'use strict';
{
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const set = night => { document.documentElement.dataset.theme = night ? 'dark' : 'light'; };
  set(dark.matches);
  dark.addEventListener('change', event => set(event.matches));
}
