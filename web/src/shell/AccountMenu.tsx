import { Avatar, type MantineColorScheme, Menu, useMantineColorScheme } from '@mantine/core';
import { IconBook2, IconKey, IconLogout } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { session, useIdentity } from '../features/session/browser';
import { chooseLanguage } from '../i18n';
import type { Language } from '../i18n/language';
import classes from './shell.module.css';

const SCHEMES = ['light', 'dark', 'auto'] as const;
const LANGUAGES: { language: Language; label: 'nav.languageEs' | 'nav.languageEn' }[] = [
  { language: 'es', label: 'nav.languageEs' },
  { language: 'en', label: 'nav.languageEn' },
];

export function AccountMenu({ compact = false }: { compact?: boolean }) {
  const { t, i18n } = useTranslation();
  const identity = useIdentity();
  const navigate = useNavigate();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <Menu
      position={compact ? 'bottom-end' : 'top-start'}
      width={256}
      shadow="md"
      returnFocus
      withinPortal={false}
      withInitialFocusPlaceholder={false}
    >
      <Menu.Target>
        <button type="button" className={classes.account} aria-label={compact ? t('nav.account') : undefined}>
          <Avatar size={32} radius="xl" color="accent" variant="light" aria-hidden>
            {identity.username.slice(0, 1).toUpperCase()}
          </Avatar>
          {compact ? null : (
            <span className={classes.who}>
              <span className="ellipsis" style={{ display: 'block' }}>
                {identity.username}
              </span>
              <small>{t(`role.${identity.role}`)}</small>
            </span>
          )}
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconKey size={16} aria-hidden />} onClick={() => navigate({ to: '/account/tokens' })}>
          {t('nav.tokens')}
        </Menu.Item>
        <Menu.Item leftSection={<IconBook2 size={16} aria-hidden />} component="a" href="/api/docs">
          {t('nav.docs')}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Label>{t('nav.language')}</Menu.Label>
        <Menu.RadioGroup value={i18n.language} onChange={(language) => void chooseLanguage(language as Language)}>
          {LANGUAGES.map(({ language, label }) => (
            <Menu.RadioItem key={language} value={language} lang={language} closeMenuOnClick>
              {t(label)}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
        <Menu.Label>{t('nav.appearance')}</Menu.Label>
        <Menu.RadioGroup value={colorScheme} onChange={(scheme) => setColorScheme(scheme as MantineColorScheme)}>
          {SCHEMES.map((scheme) => (
            <Menu.RadioItem key={scheme} value={scheme} closeMenuOnClick>
              {t(`nav.${scheme}`)}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={() => void session.logOut()}>
          {t('nav.logOut')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
