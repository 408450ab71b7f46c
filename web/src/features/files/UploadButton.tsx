import { Button } from '@mantine/core';
import { IconUpload } from '@tabler/icons-react';
import { useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { uploadFiles } from '../transfers/uploads';

export function UploadButton({ variant = 'filled' }: { variant?: 'filled' | 'default' }) {
  const { t } = useTranslation();
  const picker = useRef<HTMLInputElement>(null);
  return (
    <>
      <Button
        variant={variant}
        leftSection={<IconUpload size={18} aria-hidden />}
        onClick={() => picker.current?.click()}
      >
        {t('files.upload')}
      </Button>
      <input
        ref={picker}
        type="file"
        multiple
        hidden
        data-testid="upload-input"
        onChange={(event) => {
          uploadFiles([...(event.currentTarget.files ?? [])]);
          event.currentTarget.value = '';
        }}
      />
    </>
  );
}
