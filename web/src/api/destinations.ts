// Destinations, and how what is handed to them stands there.
import { queryOptions } from "@tanstack/react-query";
import { body, client } from "./client";

const at = (key: string) => ({ params: { path: { key } } });

export const audiencesQuery = (destination: string) =>
  queryOptions({
    queryKey: ["destination", destination, "audiences"],
    queryFn: () => body(client.GET("/api/v1/destinations/{key}/audiences", at(destination))),
    refetchInterval: 15_000,
    retry: false,
  });

/** Has the other side asked now how its audiences stand. */
export const askAudiences = (destination: string) =>
  body(client.POST("/api/v1/destinations/{key}/audiences/refresh", at(destination)));

export const tryDestination = (destination: string) =>
  body(client.POST("/api/v1/destinations/{key}/test", at(destination)));

/** The definitions that name a destination. */
export const destinationUsersQuery = (destination: string) =>
  queryOptions({
    queryKey: ["destination", destination, "used_by"],
    queryFn: () => body(client.GET("/api/v1/destinations/{key}/used_by", at(destination))),
  });

/** The journeys that name an external audience. */
export const audienceUsersQuery = (audience: string) =>
  queryOptions({
    queryKey: ["external-audience", audience, "used_by"],
    queryFn: () => body(client.GET("/api/v1/external_audiences/{key}/used_by", at(audience))),
  });

export const standingQuery = (audience: string) =>
  queryOptions({
    queryKey: ["external-audience", audience, "standing"],
    queryFn: () => body(client.GET("/api/v1/external_audiences/{key}/standing", at(audience))),
    refetchInterval: 10_000,
  });
