import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from '@mantine/core';

/** The one accent: a deep teal, dark enough at 6 and 7 for white text. */
const accent: MantineColorsTuple = [
  '#ecfaf7',
  '#d6f2ec',
  '#a9e4d8',
  '#76d3c2',
  '#45bfa9',
  '#219e8a',
  '#0f8071',
  '#0d6e62',
  '#0b5b52',
  '#084740',
];

const dark: MantineColorsTuple = [
  '#dfe3e8',
  '#b7bec8',
  '#98a1ad',
  '#6c7683',
  '#3c444e',
  '#2d343c',
  '#232930',
  '#181c21',
  '#121519',
  '#0b0d10',
];

export const theme = createTheme({
  primaryColor: 'accent',
  primaryShade: { light: 7, dark: 6 },
  colors: { accent, dark },
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", Arial, sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Mono", "Liberation Mono", Menlo, Consolas, monospace',
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    // Its header would be the page's banner a second time.
    Modal: { defaultProps: { attributes: { header: { role: 'presentation' } } } },
  },
  headings: {
    fontWeight: '650',
    sizes: { h1: { fontSize: '1.5rem', lineHeight: '1.3' }, h2: { fontSize: '1.0625rem', lineHeight: '1.4' } },
  },
});

/** Mantine's muted texts fall short of AA contrast; these do not. */
export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-body': '#ffffff',
    '--mantine-color-text': '#16191d',
    '--mantine-color-dimmed': '#565e68',
    '--mantine-color-placeholder': '#666e78',
    '--mantine-color-error': '#b3261e',
    '--mantine-color-default-border': '#d3d8de',
    '--bedel-ground': '#f5f6f8',
    '--bedel-line': '#e3e6ea',
    '--bedel-hover': '#f1f3f5',
    '--bedel-good': '#15703a',
    '--bedel-warn': '#8a5200',
    '--bedel-bad': '#b3261e',
    '--bedel-good-soft': '#e6f4ea',
    '--bedel-warn-soft': '#fdf1dc',
    '--bedel-bad-soft': '#fce9e7',
    '--bedel-accent-text': '#0b5b52',
    '--bedel-accent-soft': '#e3f4f0',
    // Three that all eyes tell apart (Okabe and Ito, 2002), for charts.
    '--bedel-series-first': '#0072b2',
    '--bedel-series-second': '#d55e00',
    '--bedel-series-third': '#007a5a',
  },
  dark: {
    '--mantine-color-body': '#181c21',
    '--mantine-color-text': '#e6e9ed',
    '--mantine-color-dimmed': '#a2abb6',
    '--mantine-color-placeholder': '#98a1ad',
    '--mantine-color-error': '#ff9c92',
    '--mantine-color-default-border': '#3c444e',
    '--mantine-color-accent-light': '#17322e',
    '--mantine-color-accent-light-hover': '#1d3f3a',
    '--mantine-color-accent-light-color': '#76d3c2',
    '--bedel-ground': '#121519',
    '--bedel-line': '#2d343c',
    '--bedel-hover': '#20252b',
    '--bedel-good': '#6fd392',
    '--bedel-warn': '#f0b45b',
    '--bedel-bad': '#ff9c92',
    '--bedel-good-soft': '#173324',
    '--bedel-warn-soft': '#3a2c12',
    '--bedel-bad-soft': '#40201d',
    '--bedel-accent-text': '#76d3c2',
    '--bedel-accent-soft': '#17322e',
    '--bedel-series-first': '#56b4e9',
    '--bedel-series-second': '#e69f00',
    '--bedel-series-third': '#2fc79c',
  },
});
