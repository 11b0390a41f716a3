/* Which branch this process is bound to. */
#pragma once

/* Before a child is started: the host may have bound this process to another branch. */
void binding_refresh(void);
