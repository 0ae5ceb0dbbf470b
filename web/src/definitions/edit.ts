// One definition as it is being written: what the server has, what was changed since, and what it says of it.
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useBlocker } from "@tanstack/react-router";
import { useState } from "react";
import { ApiError } from "../api/problem";
import { type Definition, definitionQuery, putDefinition } from "../api/queries";
import { type Fields, sameJson } from "../editor/manifest";
import { errorsOf } from "../forms/errors";
import { strings } from "../strings";

export type Editing = ReturnType<typeof useEditing>;

export function useEditing(plural: string, key: string) {
  const cache = useQueryClient();
  const query = definitionQuery(plural, key);
  const { data: stored, error, refetch } = useQuery(query);
  // What is written stands on one revision; a newer one in the cache does not overwrite it.
  const [written, setWritten] = useState<{ body: Fields; on: Definition }>();
  const body = written?.body ?? stored?.body;
  const dirty = written !== undefined && !sameJson(written.body, written.on.body);
  const save = useMutation({
    mutationFn: (state: "draft" | "live" | undefined) => {
      const next = { ...body, ...(state ? { state } : {}) };
      const revision = (written?.on ?? stored)?.revision;
      return putDefinition(plural, key, next, revision ? { revision } : {});
    },
    onSuccess: async (saved, state) => {
      cache.setQueryData(query.queryKey, saved);
      setWritten(undefined);
      notifications.show({
        message: state === "live" ? strings.definitions.published : strings.definitions.saved,
      });
      await cache.invalidateQueries({
        predicate: ({ queryKey }) =>
          queryKey[0] === "definitions" && queryKey[1] === plural && queryKey[2] !== "one",
      });
      await cache.invalidateQueries({ queryKey: ["catalogue"] });
      await cache.invalidateQueries({ queryKey: ["system", plural, key] });
    },
  });
  const blocker = useBlocker({
    // What is written stays where the page does: a notice may lead to another place on it.
    shouldBlockFn: ({ current, next }) => dirty && current.pathname !== next.pathname,
    enableBeforeUnload: () => dirty,
    withResolver: true,
  });
  const findings = save.error instanceof ApiError ? save.error.findings : [];
  return {
    body,
    stored: stored?.body,
    error,
    refetch,
    dirty,
    blocker,
    save,
    findings,
    errors: errorsOf(findings),
    change: (next: Fields) => stored && setWritten({ body: next, on: written?.on ?? stored }),
    discard: () => {
      setWritten(undefined);
      save.reset();
      void refetch();
    },
  };
}
