/** What a container uses, by the Engine API's own names (1.41 to 1.56). */

export interface CpuStats {
  cpu_usage: {
    /** Nanoseconds. */
    total_usage: number;
    percpu_usage?: number[] | null;
    usage_in_kernelmode: number;
    usage_in_usermode: number;
  };
  system_cpu_usage?: number;
  online_cpus?: number;
  throttling_data: { periods: number; throttled_periods: number; throttled_time: number };
}

export interface ContainerStats {
  id: string;
  name: string;
  read: string;
  preread: string;
  pids_stats: { current?: number; limit?: number };
  cpu_stats: CpuStats;
  precpu_stats: CpuStats;
  memory_stats: {
    /** Bytes. */
    usage?: number;
    limit?: number;
    max_usage?: number;
    stats?: Record<string, number>;
  };
  blkio_stats: {
    io_service_bytes_recursive?: { major: number; minor: number; op: string; value: number }[] | null;
  };
  networks?: Record<
    string,
    { rx_bytes: number; rx_packets: number; tx_bytes: number; tx_packets: number; rx_errors: number }
  >;
}
