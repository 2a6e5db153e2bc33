import { lazy, Suspense, type ComponentProps } from "react";

const LazyLightbox = lazy(() => import("./Lightbox.tsx"));
const LazyTextPreview = lazy(() => import("./TextPreview.tsx"));

/** A picture over the whole page; fetched when it is first wanted. */
export function Lightbox(props: ComponentProps<typeof LazyLightbox>) {
  return (
    <Suspense fallback={null}>
      <LazyLightbox {...props} />
    </Suspense>
  );
}

/** The beginning of a text; fetched when it is first wanted. */
export function TextPreview(props: ComponentProps<typeof LazyTextPreview>) {
  return (
    <Suspense fallback={null}>
      <LazyTextPreview {...props} />
    </Suspense>
  );
}
