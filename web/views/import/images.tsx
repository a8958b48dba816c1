/** The image and its copies by region, with links to what shows more. */
import { isFinal } from '../../../domain/import.js';
import { isRecord } from '../../../domain/json-value.js';
import { Card } from '../../components/layout.js';
import { Empty } from '../../components/note.js';
import { Badge, CopyButton } from '../../components/show.js';
import { t } from '../../i18n.js';
import { TemporalLink } from './temporal-link.js';
import type { Import } from './use-import.js';

export function Images({ view }: { readonly view: Import }) {
  const { image, copies, ledger, request, state } = view;
  const isAvailable = (imageId: string) =>
    ledger.some(
      ({ detail, key, status }) =>
        (detail.imageId === imageId || key === imageId) && (status === 'created' || status === 'kept'),
    );
  const planned = regionsOf(request.distribute).filter((region) => !copies.some(({ regionId }) => regionId === region));
  const all = [...(image === null ? [] : [image]), ...copies];
  return (
    <Card title={t('images.title')} actions={<TemporalLink id={view.id} />} isFlush>
      {all.length === 0 ? (
        <Empty title={t(isFinal(state) ? 'images.noneEnded' : 'images.none')} />
      ) : (
        <ul class="lines">
          {all.map(({ imageId, regionId }) => (
            <li key={imageId}>
              <span>
                <strong>{regionId}</strong>{' '}
                {imageId === image?.imageId ? null : <span class="muted">{t('images.copy')}</span>}
              </span>
              <span class="row">
                <code class="wrap">{imageId}</code>
                <CopyButton text={imageId} of={imageId} />
              </span>
              <span class="row">
                {isFinal(state) ? (
                  <Badge tone={isAvailable(imageId) ? 'good' : 'idle'}>
                    {t(isAvailable(imageId) ? 'images.exists' : 'images.removed')}
                  </Badge>
                ) : null}
                <a href={consoleUrl(regionId)} target="_blank" rel="noreferrer" class="small">
                  {t('images.console')}
                </a>
              </span>
            </li>
          ))}
        </ul>
      )}
      {planned.length === 0 || isFinal(state) ? null : (
        <p class="card-body muted small">{t('images.planned', { regions: planned.join(', ') })}</p>
      )}
    </Card>
  );
}

/** The request is open for fields of later versions. */
function regionsOf(distribute: unknown): readonly string[] {
  const regions = isRecord(distribute) ? distribute.regions : null;
  return Array.isArray(regions) ? regions.filter((one) => typeof one === 'string') : [];
}

function consoleUrl(regionId: string): string {
  return `https://ecs.console.aliyun.com/image/region/${encodeURIComponent(regionId)}`;
}
