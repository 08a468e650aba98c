import { type ExportResult, ExportResultCode, setGlobalErrorHandler } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import type { Logger } from 'pino';

/** Sends spans to OTEL_EXPORTER_OTLP_ENDPOINT, and logs once when that begins or ceases to fail. */
export function openExporter(logger: Logger): OTLPTraceExporter {
  const exporter = new OTLPTraceExporter();
  let isFailing = false;
  // The processor would report each failure.
  setGlobalErrorHandler(() => {});
  const send = exporter.export.bind(exporter);
  exporter.export = (spans, resultCallback) =>
    send(spans, (result: ExportResult) => {
      const hasFailed = result.code === ExportResultCode.FAILED;
      if (hasFailed && !isFailing) logger.warn(`traces are not sent: ${reasonOf(result.error)}`);
      if (!hasFailed && isFailing) logger.info('traces are sent again');
      isFailing = hasFailed;
      resultCallback(result);
    });
  return exporter;
}

/** A refused connection has no message of its own, but one for each address. */
function reasonOf(error: Error | undefined): string {
  const { message, code } = (error ?? {}) as NodeJS.ErrnoException;
  return message || code || 'unknown';
}
